export { LAB_ERRORS, LabError, type LabErrorCode } from './errors.ts';
export {
  type DriverReport,
  type FigureName,
  type Figures,
  FULL_SCALE,
  type LabMachine,
  type LabProgress,
  type LabReport,
  type LabScale,
  QUICK_SCALE,
  type SkippedDriver,
} from './interface.ts';
export { isLabReport } from './is-lab-report.ts';
export { type LabPageOptions, labPage } from './page/lab-page.ts';
export type { Words } from './page/words.ts';
export { ENGLISH } from './page/words-en.ts';
export { CHINESE } from './page/words-zh.ts';
export { type RunLabOptions, runLab } from './run-lab.ts';
