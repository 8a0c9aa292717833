import { createRootRoute, createRoute, createRouter } from '@tanstack/react-router';
import { Frame } from './parts/frame.tsx';
import { NotFound } from './views/not-found.tsx';
import { Repositories } from './views/repositories.tsx';
import { Repository } from './views/repository.tsx';
import { Setup } from './views/setup.tsx';
import { SignIn } from './views/sign-in.tsx';
import { SignUp } from './views/sign-up.tsx';

const root = createRootRoute({ component: Frame, notFoundComponent: NotFound });

const repositories = createRoute({ getParentRoute: () => root, path: '/', component: Repositories });
const signIn = createRoute({ getParentRoute: () => root, path: '/sign-in', component: SignIn });
const signUp = createRoute({ getParentRoute: () => root, path: '/sign-up', component: SignUp });
const setup = createRoute({ getParentRoute: () => root, path: '/setup', component: Setup });
const repository = createRoute({
  getParentRoute: () => root,
  path: '/r/$namespace/$',
  component: function RepositoryRoute() {
    const { namespace, _splat } = repository.useParams();
    return <Repository namespace={namespace} name={_splat ?? ''} />;
  },
});

export const router = createRouter({
  routeTree: root.addChildren([repositories, signIn, signUp, setup, repository]),
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
