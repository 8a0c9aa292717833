/**
 * What overlayfs is told, whatever the kernel's defaults are. With these the folder of changes holds whole files and no hint to other
 * folders, so that it can be diffed without mounting: renaming a lower directory gives EXDEV instead of a redirect, a changed mode
 * copies the file. Redirects that a layer brings along are not followed.
 */
export const OVERLAY_OPTIONS = { index: 'off', redirect_dir: 'nofollow', metacopy: 'off' } as const;
