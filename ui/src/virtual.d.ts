/** What the build makes: see marks.ts beside vite.config.ts. */
declare module 'virtual:marks' {
  /** The address of the sprite. */
  export const sprite: string;
  /** The connectors' folders that are in it. */
  export const drawn: string[];
}
