import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ApiError, fetchRepository, fetchTags, type TagRow } from '../api.ts';
import { useLanguage } from '../i18n/language.tsx';
import { CopyLine } from '../parts/copy-line.tsx';
import { Failed, Loading } from '../parts/state.tsx';
import { imageName } from './image-name.ts';
import { TagTable } from './tag-table.tsx';

/** One repository: what it holds, and the lines that bring it to a machine. */
export function Repository({ namespace, name }: { readonly namespace: string; readonly name: string }) {
  const { t } = useLanguage();
  const repository = useQuery({
    queryKey: ['repository', namespace, name],
    queryFn: ({ signal }) => fetchRepository(namespace, name, signal),
  });
  const tags = useInfiniteQuery({
    queryKey: ['tags', namespace, name],
    queryFn: ({ pageParam, signal }) => fetchTags(namespace, name, pageParam, signal),
    initialPageParam: 1,
    getNextPageParam: (last, all) => (last.next === null ? undefined : all.length + 1),
  });
  if (repository.isPending || tags.isPending) return <Loading />;
  const error = repository.error ?? tags.error;
  if (error !== null) {
    if (error instanceof ApiError && error.status === 404)
      return (
        <>
          <p className="notice">{t.notFoundRepository}</p>
          <Link to="/">{t.home}</Link>
        </>
      );
    return <Failed error={error} retry={() => void Promise.all([repository.refetch(), tags.refetch()])} />;
  }
  const rows = tags.data?.pages.flatMap((page) => page.results) ?? [];
  const { is_private, description } = repository.data as { is_private: boolean; description: string };
  return (
    <>
      <title>{`${namespace}/${name} · Berth`}</title>
      <p className="crumbs">
        <Link to="/">{t.repositories}</Link>
      </p>
      <h1>
        {namespace}/{name} <span className="badge">{is_private ? t.private : t.public}</span>
      </h1>
      {description !== '' && <p>{description}</p>}
      <PullLines name={imageName(namespace, name)} rows={rows} isPrivate={is_private} />
      <h2>{t.tags}</h2>
      {rows.length === 0 ? <p className="quiet">{t.noTags}</p> : <TagTable rows={rows} />}
      {tags.hasNextPage && (
        <button type="button" onClick={() => void tags.fetchNextPage()}>
          {t.more}
        </button>
      )}
    </>
  );
}

interface PullLinesProps {
  readonly name: string;
  readonly rows: readonly TagRow[];
  readonly isPrivate: boolean;
}

function PullLines({ name, rows, isPrivate }: PullLinesProps) {
  const { t } = useLanguage();
  const tag = rows.find((row) => row.name === 'latest')?.name ?? rows[0]?.name;
  // docker takes plain HTTP on loopback by itself, podman wants to be told.
  const plain = location.protocol === 'http:' ? ' --tls-verify=false' : '';
  const reference = tag === undefined || tag === 'latest' ? name : `${name}:${tag}`;
  if (tag === undefined) {
    return (
      <>
        <h2>{t.pushTo}</h2>
        <CopyLine text={`docker push ${name}`} />
      </>
    );
  }
  return (
    <>
      <h2>{t.pullIt}</h2>
      {isPrivate && <CopyLine text={`docker login ${location.host}`} />}
      <CopyLine text={`docker pull ${reference}`} />
      <CopyLine text={`podman pull${plain} ${reference}`} />
      <CopyLine text={`npx berth copy ${reference} oci:./${name.split('/').at(-1)}`} />
    </>
  );
}
