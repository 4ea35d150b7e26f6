/** The server asks for a person: to sign in again, or to confirm an act. One question at a time; the form behind stays. */
import { session } from '../api/session.svelte';

interface Question {
  kind: 'signIn' | 'stepUp';
  act: string;
  object?: string | undefined;
  /** What will be sent, where the proof is for that alone. */
  body?: unknown;
  /** There is no second factor yet: set one up first. */
  enrol?: boolean;
  answer: (yes: boolean) => void;
}

export const asked = $state<{ what: Question | undefined }>({ what: undefined });
let running: Promise<boolean> | undefined;

function ask(question: Omit<Question, 'answer'>): Promise<boolean> {
  if (running) return running;
  running = new Promise<boolean>((done) => {
    asked.what = {
      ...question,
      answer: (yes) => {
        asked.what = undefined;
        running = undefined;
        done(yes);
      },
    };
  });
  return running;
}

/** Asks to sign in again; before anybody signed in there is nothing to keep, and the sign-in page is shown instead. */
export function askSignIn(): Promise<boolean> {
  return session.me ? ask({ kind: 'signIn', act: '' }) : Promise.resolve(false);
}

/** Asks for a factor before a sensitive act. */
export function askStepUp(what: {
  act: string;
  object: string | undefined;
  body: unknown;
  enrol: boolean;
}): Promise<boolean> {
  return ask({ kind: 'stepUp', ...what });
}
