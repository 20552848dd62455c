/** The content of a file, which the build inserts (tsup.config.ts). */
declare module '*?raw' {
  const text: string;
  export default text;
}
