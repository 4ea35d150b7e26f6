/** Every component style lands in the cascade layer of its folder, so that order never depends on loading. */
const layers = {
  name: 'layers',
  style({ content, filename }) {
    const layer = filename?.includes('/src/kit/') ? 'kit' : 'feature';
    return { code: `@layer ${layer}{${content}}` };
  },
};

export default { preprocess: [layers], compilerOptions: { runes: true, cssHash: ({ hash, filename }) => `s${hash(filename).slice(0, 4)}` } };
