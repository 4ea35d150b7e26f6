/** What floats over the frame now. */
export const frame = $state({ palette: false, keys: false });
