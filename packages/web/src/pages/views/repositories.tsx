import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { fetchRepositories, type RepositoryRow } from '../api.ts';
import { formatAge } from '../i18n/format.ts';
import { useLanguage } from '../i18n/language.tsx';
import { CopyLine } from '../parts/copy-line.tsx';
import { useSession } from '../parts/session.ts';
import { Failed, Loading } from '../parts/state.tsx';
import { imageName } from './image-name.ts';

/** Every repository that the one who looks may see, newest first. */
export function Repositories() {
  const { t } = useLanguage();
  const session = useSession();
  const pages = useInfiniteQuery({
    queryKey: ['repositories', session?.user?.username],
    queryFn: ({ pageParam, signal }) => fetchRepositories(pageParam, signal),
    initialPageParam: 1,
    getNextPageParam: (last, all) => (last.next === null ? undefined : all.length + 1),
  });
  if (pages.isPending) return <Loading />;
  if (pages.isError) return <Failed error={pages.error} retry={() => void pages.refetch()} />;
  const username = session?.user?.username;
  const rows = pages.data.pages.flatMap((page) => page.results);
  return (
    <>
      <title>{`${t.repositories} · Berth`}</title>
      <h1>{t.repositories}</h1>
      {session?.setupNeeded && <p className="notice">{t.setupWanted}</p>}
      {rows.length === 0 && <p className="quiet">{t.noRepositories}</p>}
      <ul className="rows">
        {rows.map((row) => (
          <Row key={`${row.namespace}/${row.name}`} row={row} />
        ))}
      </ul>
      {pages.hasNextPage && (
        <button type="button" disabled={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
          {t.more}
        </button>
      )}
      {username !== undefined && !rows.some((row) => row.namespace === username) && (
        <PushOwn username={username} />
      )}
    </>
  );
}

function Row({ row }: { readonly row: RepositoryRow }) {
  const { t, language } = useLanguage();
  return (
    <li>
      <Link to="/r/$namespace/$" params={{ namespace: row.namespace, _splat: row.name }} className="name">
        {row.namespace}/{row.name}
      </Link>
      {row.is_private && <span className="badge">{t.private}</span>}
      <span className="quiet grow">{row.description}</span>
      <span className="quiet">
        <time dateTime={row.last_updated}>
          {t.updated.replace('{age}', formatAge(new Date(row.last_updated), { t, language }))}
        </time>
      </span>
    </li>
  );
}

/** The way in for somebody who has nothing here yet. */
function PushOwn({ username }: { readonly username: string }) {
  const { t } = useLanguage();
  const name = imageName(username, 'debian');
  return (
    <section>
      <h2>{t.pushOwn}</h2>
      <CopyLine text={`docker login ${location.host}`} />
      <CopyLine text={`docker tag debian:12 ${name}`} />
      <CopyLine text={`docker push ${name}`} />
      <p className="quiet">{t.pushOwnNote}</p>
    </section>
  );
}
