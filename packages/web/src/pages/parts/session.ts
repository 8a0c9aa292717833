import { useQuery } from '@tanstack/react-query';
import { fetchSession, type Session } from '../api.ts';

/** Who looks at the page; `undefined` until the server has said. */
export function useSession(): Session | undefined {
  return useQuery({ queryKey: ['session'], queryFn: ({ signal }) => fetchSession(signal) }).data;
}
