/** The address of a rendition, for src of images and videos. */
export function mediaUrl(workspace: string, asset: string, rendition: 'thumb' | 'preview' | 'original'): string {
  return `/api/v1/workspaces/${workspace}/media/${asset}/${rendition}`;
}
