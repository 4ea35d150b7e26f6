/**
 * Texts by key. Two ICU files a language, loaded when they are needed: one for the daily work in a workspace, one for what stands
 * above it (organization, server, staff, sign-in in depth). The build parses the messages: what arrives here is a plain text, or a
 * tree that the formatter takes as it is.
 */
import { IntlMessageFormat } from 'intl-messageformat';
import type { MessageFormatElement } from '@formatjs/icu-messageformat-parser';
import type above from './en.above.json';
import type english from './en.json';

export type Key = keyof typeof english | keyof typeof above;
export type Values = Record<string, string | number | Date | boolean | null | undefined>;
type Messages = Partial<Record<Key, string | MessageFormatElement[]>>;

type Load = () => Promise<{ default: object }>;
const files: Record<string, { work: Load; above: Load }> = {
  en: { work: () => import('./en.json'), above: () => import('./en.above.json') },
};

const formats = new Map<string, IntlMessageFormat>();
let messages: Messages = {};
const language = $state({ code: 'en', locale: 'en-GB', hour12: undefined as boolean | undefined });

/** Loads the texts of the best language for the wanted locale, and sets direction and language of the page. */
export async function speak(wanted: string | undefined): Promise<void> {
  const locale = localeFor(wanted);
  const code = files[locale] ? locale : (locale.split('-')[0] ?? 'en');
  const load = files[code] ?? files['en'];
  if (load) {
    const [work, more] = await Promise.all([load.work(), rose ? load.above() : undefined]);
    messages = { ...work.default, ...more?.default };
  }
  formats.clear();
  language.code = files[code] ? code : 'en';
  language.locale = locale;
  document.documentElement.lang = language.code;
}

let rose = false;

/** Loads the texts of what stands above a workspace, before a page of it shows. */
export async function speakAbove(): Promise<void> {
  if (rose) return;
  rose = true;
  const load = files[language.code] ?? files['en'];
  if (load) messages = { ...messages, ...(await load.above()).default };
}

/** The locale in force: dates, numbers and the first day of the week follow it. */
export function locale(): string {
  return language.locale;
}

/** Sets the member's own choice of 12 or 24 hours; undefined follows the locale. */
export function setHours(format: string | undefined): void {
  language.hour12 = !format || format === 'auto' ? undefined : format.includes('12');
  // Columns of times are as wide as times are: "09:00" or "09:00 am".
  const twelve =
    language.hour12 ?? new Intl.DateTimeFormat(language.locale, { hour: 'numeric' }).resolvedOptions().hour12;
  document.documentElement.style.setProperty('--ampm', twelve ? '1.75rem' : '0rem');
}

/** True for "2:30 PM", false for "14:30", undefined when the locale decides. */
export function hour12(): boolean | undefined {
  return language.hour12;
}

/** The text of a key with its values put in. */
export function t(key: Key, values?: Values): string {
  const message = messages[key];
  if (message === undefined) return key;
  if (typeof message === 'string') return message;
  let format = formats.get(key);
  if (!format) {
    format = new IntlMessageFormat(message, language.locale);
    formats.set(key, format);
  }
  return String(format.format(values as Record<string, string>));
}

/** A text by a key made at run time (status words, error codes); undefined when there is none. */
export function maybe(key: string, values?: Values): string | undefined {
  return key in messages ? t(key as Key, values) : undefined;
}

function localeFor(wanted: string | undefined): string {
  const own = typeof navigator === 'undefined' ? 'en-GB' : navigator.language;
  if (!wanted) return own.startsWith('en') ? own : own || 'en-GB';
  // "en" says nothing about dates: take the region of the browser when it speaks the same language.
  if (!wanted.includes('-') && own.startsWith(`${wanted}-`)) return own;
  return wanted === 'en' ? 'en-GB' : wanted;
}
