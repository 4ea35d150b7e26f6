/** Every component style lands in the cascade layer of its folder, so that order never depends on loading. */
const layers = {
  name: 'layers',
  style({ content, filename }) {
    const layer = filename?.includes('/src/kit/') ? 'kit' : 'feature';
    // The order stands in every file, because any of them may be the first that a browser meets.
    return { code: `@layer reset,tokens,base,kit,feature;@layer ${layer}{${content}}` };
  },
};

export default {
  preprocess: [layers],
  compilerOptions: { runes: true, cssHash: ({ hash, filename }) => `s${hash(filename).slice(0, 4)}` },
};
