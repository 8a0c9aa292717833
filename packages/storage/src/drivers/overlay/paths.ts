/**
 *     <home>/<key>/
 *       root/      image layers, and base layers of any kind: the whole root filesystem, 0755
 *       parent     image layers: symlink to ../<key of the layer whose files root/ names again>
 *       linking/   while the tree of the parent is being linked; with it perhaps linking.copies/
 *
 *       upper/     container and init layers: what they change, whiteouts as overlayfs has them
 *       lower-id   symlink to ../<key of the one layer below, which has a root/>
 *       work/      0700: overlayfs's own
 *       merged/    while it is mounted
 *       copying/   while the upper/ of the parent is being copied
 */
export const ROOT = 'root';
export const PARENT = 'parent';
export const LINKING = 'linking';
export const UPPER = 'upper';
export const LOWER_ID = 'lower-id';
export const WORK = 'work';
export const MERGED = 'merged';
export const COPYING = 'copying';
