export { type AuthorizerFixture, authorizerSuite } from './auth/testsuite.ts';
