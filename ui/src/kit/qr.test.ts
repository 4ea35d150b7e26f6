import { describe, expect, it } from 'vitest';
import { qr, qrPath } from './qr';

describe('a QR code', () => {
  it('has the size of the smallest version that fits', () => {
    expect(qr('A').length).toBe(21);
    expect(
      qr('otpauth://totp/Omni%20Posto:mira@halden.studio?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Omni%20Posto')
        .length,
    ).toBe(41);
  });
  it('has its three finders and its dark module', () => {
    const grid = qr('https://example.com');
    const size = grid.length;
    for (const [x, y] of [
      [0, 0],
      [size - 7, 0],
      [0, size - 7],
    ] as const) {
      expect(grid[y]!.slice(x, x + 7).every(Boolean)).toBe(true);
      expect(grid[y + 1]!.slice(x + 1, x + 6).some(Boolean)).toBe(false);
      expect(grid[y + 3]![x + 3]).toBe(true);
    }
    expect(grid[size - 8]![8]).toBe(true);
  });
  it('is drawn as one path', () => {
    const { size, d } = qrPath('A');
    expect(size).toBe(21);
    expect(d.startsWith('M0 0h1v1h-1z')).toBe(true);
  });
  it('refuses what is too long', () => expect(() => qr('x'.repeat(2000))).toThrow(RangeError));
});
