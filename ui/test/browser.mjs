// A fresh Chromium for flows and pictures. Inter stands in for the system fonts, as in the agreed pictures.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

/** Starts a browser; close() removes what it left. */
export async function open({
  width = 1440,
  height = 900,
  dark = false,
  touch = false,
  locale = 'en-GB',
  zone = 'Europe/Berlin',
} = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'omniposto-browser-'));
  const fonts = join(folder, 'fonts.conf');
  writeFileSync(
    fonts,
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include>
    ${['system-ui', 'sans-serif'].map((name) => `<match target="pattern"><test name="family"><string>${name}</string></test><edit name="family" mode="prepend" binding="strong"><string>Inter</string></edit></match>`).join('')}
    </fontconfig>`,
  );
  const context = await chromium.launchPersistentContext(join(folder, 'profile'), {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    hasTouch: touch,
    isMobile: touch,
    locale,
    timezoneId: zone,
    env: { ...process.env, FONTCONFIG_FILE: fonts },
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const noise = [];
  // Chromium fetches the manifest's icon when it likes; a page that is left meanwhile cuts that off.
  const cut = /^Error while trying to use the following icon from the Manifest: .*Download error/;
  page.on('console', (message) => {
    const words = message.text();
    if (['error', 'warning'].includes(message.type()) && !cut.test(words)) noise.push(words);
  });
  page.on('pageerror', (error) => noise.push(String(error)));
  return {
    context,
    page,
    noise,
    async close() {
      await context.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
