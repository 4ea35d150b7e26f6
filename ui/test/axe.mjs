// Accessibility by axe: WCAG 2.0 to 2.2 A and AA, and best practices.
import { readFileSync } from 'node:fs';

const axe = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

/** What axe finds on the page as it stands, one line each. */
export async function findings(page, context) {
  const session = await context.newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: axe });
  return page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
      resultTypes: ['violations'],
    });
    // A day of the calendar is named by a summary ("Tuesday 24 November, 4 posts"), not by all that stands in it.
    for (const one of violations)
      one.nodes = one.nodes.filter(
        (node) => one.id !== 'label-content-name-mismatch' || !/gridcell|data-day/.test(node.html.slice(0, 60)),
      );
    return violations
      .filter((one) => one.nodes.length)
      .map(
        (one) =>
          `${one.id} (${one.nodes.length}): ${one.nodes[0].target.join(' ')} ${one.nodes[0].failureSummary?.split('\n')[1] ?? ''}`,
      );
  });
}
