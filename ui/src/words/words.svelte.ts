/**
 * Texts by key. One ICU file a language, loaded when the language is known. The build parses the messages: what arrives here is
 * a plain text, or a tree that the formatter takes as it is.
 */
import { IntlMessageFormat } from 'intl-messageformat';
import type { MessageFormatElement } from '@formatjs/icu-messageformat-parser';
import type english from './en.json';

export type Key = keyof typeof english;
export type Values = Record<string, string | number | Date | boolean | null | undefined>;
type Messages = Partial<Record<Key, string | MessageFormatElement[]>>;

const files: Record<string, () => Promise<{ default: object }>> = {
  en: () => import('./en.json'),
};

const formats = new Map<string, IntlMessageFormat>();
let messages: Messages = {};
const language = $state({ code: 'en', locale: 'en-GB', hour12: undefined as boolean | undefined });

/** Loads the texts of the best language for the wanted locale, and sets direction and language of the page. */
export async function speak(wanted: string | undefined): Promise<void> {
  const locale = localeFor(wanted);
  const code = files[locale] ? locale : (locale.split('-')[0] ?? 'en');
  const load = files[code] ?? files['en'];
  if (load) messages = (await load()).default as Messages;
  formats.clear();
  language.code = files[code] ? code : 'en';
  language.locale = locale;
  document.documentElement.lang = language.code;
}

/** The locale in force: dates, numbers and the first day of the week follow it. */
export function locale(): string {
  return language.locale;
}

/** Sets the member's own choice of 12 or 24 hours; undefined follows the locale. */
export function setHours(format: string | undefined): void {
  language.hour12 = !format || format === 'auto' ? undefined : format.includes('12');
  // Columns of times are as wide as times are: "09:00" or "09:00 am".
  const twelve = language.hour12 ?? new Intl.DateTimeFormat(language.locale, { hour: 'numeric' }).resolvedOptions().hour12;
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
