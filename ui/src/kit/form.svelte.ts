/** What every form needs: one submit at a time, messages by field, the summary of what went wrong. */
import { Problem } from '../api/problem';

export class Form {
  busy = $state(false);
  problem = $state.raw<Problem>();
  own = $state<Record<string, string>>({});

  /** The message under a field. */
  error(field: string): string | undefined {
    return this.own[field] ?? this.problem?.fields[field];
  }

  /** What isn't said under a field. */
  get general(): string | undefined {
    if (!this.problem) return undefined;
    const known = Object.keys(this.problem.fields);
    return known.length && !this.problem.body.detail ? undefined : this.problem.says;
  }

  /** Runs the act unless one runs; false when it was refused. The focus goes to the first field with a message. */
  async submit(act: () => Promise<void>, form?: HTMLFormElement): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.problem = undefined;
    try {
      await act();
      return true;
    } catch (error) {
      this.problem = Problem.of(error);
      setTimeout(() => form?.querySelector<HTMLElement>('[aria-invalid], [role=alert]')?.focus());
      return false;
    } finally {
      this.busy = false;
    }
  }
}
