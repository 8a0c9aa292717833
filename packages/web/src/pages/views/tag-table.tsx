import type { TagRow } from '../api.ts';
import { formatAge, formatMoment, formatSize } from '../i18n/format.ts';
import { useLanguage } from '../i18n/language.tsx';
import { CopyDigest } from '../parts/copy-line.tsx';

export function TagTable({ rows }: { readonly rows: readonly TagRow[] }) {
  const { t } = useLanguage();
  return (
    <div className="scroll">
      <table className="tags">
        <thead>
          <tr>
            <th scope="col">{t.tag}</th>
            <th scope="col">{t.platform}</th>
            <th scope="col">{t.digest}</th>
            <th scope="col" className="number">
              {t.size}
            </th>
            <th scope="col">{t.age}</th>
          </tr>
        </thead>
        {rows.map((row) => (
          <TagRows key={row.name} row={row} />
        ))}
      </table>
    </div>
  );
}

/** One line for an image; for an index its own digest first, then a line for each platform. */
function TagRows({ row }: { readonly row: TagRow }) {
  const { t, language } = useLanguage();
  const pushed = new Date(row.tag_last_pushed);
  const [only] = row.images;
  const isIndex = row.images.length > 1 || (only !== undefined && only.digest !== row.digest);
  return (
    <tbody>
      <tr>
        <th scope="row">{row.name}</th>
        <td>{isIndex ? '' : only === undefined ? t.anyPlatform : platformOf(only)}</td>
        <DigestCell digest={row.digest} />
        <td className="number">{formatSize(row.full_size)}</td>
        <td>
          <time dateTime={row.tag_last_pushed} title={formatMoment(pushed, language)}>
            {formatAge(pushed, { t, language })}
          </time>{' '}
          <span className="quiet">{t.by.replace('{name}', row.last_updater_username)}</span>
        </td>
      </tr>
      {isIndex &&
        row.images.map((image) => (
          <tr key={image.digest} className="child">
            <td />
            <td>{platformOf(image)}</td>
            <DigestCell digest={image.digest} />
            <td className="number">{formatSize(image.size)}</td>
            <td />
          </tr>
        ))}
    </tbody>
  );
}

function DigestCell({ digest }: { readonly digest: string }) {
  return (
    <td>
      <CopyDigest digest={digest} />
    </td>
  );
}

function platformOf(image: TagRow['images'][number]): string {
  return [image.os, image.architecture, image.variant]
    .filter((part) => part !== null && part !== '')
    .join('/');
}
