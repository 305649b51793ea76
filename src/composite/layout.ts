/** Where everything of a composite lies: `<artifact_path>/<name>/`, with one dataset's folder a stage, named as DataDesigner names them. */

/** Keys relative to the composite's folder. */
export const compositeKeys = {
  /** What the composite is: its id. */
  identity: 'composite.json',
  /** The stages and how far they are, in DataDesigner's layout. */
  metadata: 'workflow-metadata.json',
  /** What clients ask for; the newest one stays, so that a run can be gone on with. */
  requestsFolder: 'requests',
  request: (requestId: string): string => `requests/${requestId.replaceAll(/[^A-Za-z0-9_-]/g, '_')}.json`,
} as const

/** Folder of a stage's dataset. */
export function stageFolder({ index, name }: { readonly index: number; readonly name: string }): string {
  return `stage-${index}-${name}`
}
