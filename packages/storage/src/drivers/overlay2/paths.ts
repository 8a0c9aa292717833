/**
 *     <home>/<key>/
 *       diff/      0755: what the layer changes, whiteouts as overlayfs has them
 *       parent     symlink to ../<key of the parent>; a base layer has none
 *       work/      0700, container layers: overlayfs's own
 *       merged/    while it is mounted
 */
export const DIFF = 'diff';
export const WORK = 'work';
export const MERGED = 'merged';
