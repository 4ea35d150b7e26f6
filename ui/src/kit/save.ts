/** Hands a file to the browser to keep, under the name that came with it. */
export function saveFile({ name, file }: { name: string; file: Blob }): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The browser has begun to read it by then; revoking at once would cancel that in some.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
