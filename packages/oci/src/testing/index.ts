export { seededBytes } from './random-bytes.ts';
export {
  type RandomImage,
  type RandomImageOptions,
  type RandomIndex,
  type RandomIndexOptions,
  randomImage,
  randomIndex,
} from './random-image.ts';
