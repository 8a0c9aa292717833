export { type BlobStoreUnderTest, blobStoreSuite } from './blobs/testsuite.ts';
export { type LeasesUnderTest, leasesSuite } from './leases/testsuite.ts';
