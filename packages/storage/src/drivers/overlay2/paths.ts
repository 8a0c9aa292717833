/**
 *     <home>/<key>/
 *       diff/      0755: what the layer changes, whiteouts as overlayfs has them
 *       parent     symlink to ../<key of the parent>; a base layer has none
 *       work/      0700, container layers: overlayfs's own
 *       merged/    while it is mounted
 *
 * A link is made whole or not at all, also by a power cut, and says to people what it says to us. (Docker's `lower`
 * and `link` are files that a crash leaves empty: moby#35747, #42456, #42978.)
 */
export const DIFF = 'diff';
export const PARENT = 'parent';
export const WORK = 'work';
export const MERGED = 'merged';
