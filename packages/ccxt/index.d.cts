export { createClasses, plumb, pro } from './dist/index.js' with { 'resolution-mode': 'import' }
