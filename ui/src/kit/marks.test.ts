import { describe, expect, it } from 'vitest';
import { drawn, sheet, symbol } from '../../marks';

describe('the sprite of marks', () => {
  it('is well formed and has a symbol for each drawing', () => {
    const read = new DOMParser().parseFromString(sheet(drawn()), 'application/xml');
    expect(read.querySelector('parsererror')).toBeNull();
    expect([...read.querySelectorAll('symbol')].map((one) => one.id)).toEqual([...drawn().keys()]);
    expect(drawn().size).toBeGreaterThan(10);
  });
  it('keeps how a drawing is painted, not its size', () => {
    const drawing =
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" viewBox="0 0 24 24" stroke-width="2"><path d="M0 0h9"/></svg>';
    expect(symbol('x', drawing)).toBe(
      '<symbol id="x" viewBox="0 0 24 24" stroke-width="2"><path d="M0 0h9"/></symbol>',
    );
  });
  it.each([
    '<script>1</script>',
    '<path style="fill:red"/>',
    '<path fill="#f00"/>',
    '<use href="#y"/>',
    '<path onload="1"/>',
  ])('refuses %s', (inside) => {
    expect(() => symbol('x', `<svg viewBox="0 0 24 24">${inside}</svg>`)).toThrow('x/icon.svg');
  });
});
