/** Entry of the workflow bundle: every workflow, once. */
export { generateDataset } from './generate-dataset.ts'
export { generateComposite } from './generate-composite.ts'
export { extendDataset } from './extend-dataset.ts'
