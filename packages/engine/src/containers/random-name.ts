import { randomInt } from 'node:crypto';

const ADJECTIVES =
  'able agile alert amber ample azure bold brave breezy bright brisk calm candid cheery chipper clear clever cosy crisp curious daring deft eager early earnest easy elated fair fearless fleet fond frank free fresh gallant gentle giddy glad golden good graceful grand happy hardy hearty honest humble jolly jovial keen kind lively loyal lucid lucky mellow merry mighty modest neat nimble noble patient peppy placid plucky polite proud quick quiet ready rested robust rosy serene sharp silent silver sincere sleek smart snappy snug sober spry stable steady stoic sturdy subtle sunny swift tender thrifty tidy tranquil true upbeat vivid warm wise witty zany zesty'.split(
    ' ',
  );
const SURNAMES =
  'abel agnesi allen ampere anning archimedes avogadro babbage banach bardeen bell bernoulli bohr boole born bose boyle brahe burnell cantor carson cauchy cavendish cerf chandra chen clarke codd cohen cori coulomb cray curie dalton darwin davy dijkstra dirac easley edison einstein erdos euclid euler faraday fermat fermi feynman fibonacci fleming fourier franklin galilei galois gauss germain gibbs godel goldberg gould hamilton hawking heisenberg hero hertz heyrovsky hilbert hodgkin hooke hopper hoover hubble huygens hypatia jackson johnson joliot joule kahan kare keller kepler khayyam kilby knuth kovalevskaya lagrange lamarr laplace lavoisier leakey leavitt leibniz liskov lovelace lumiere maxwell mccarthy mclean meitner mendel mendeleev mirzakhani morse napier nash newton nightingale nobel noether ohm pare pascal pasteur pauling payne perlman pike planck poincare poitras ptolemy raman ramanujan ride ritchie roentgen rosalind rubin rutherford sagan sammet shannon shaw shockley sinoussi snow stonebraker swanson tesla tharp thompson torvalds turing varahamihira vaughan volta wescoff wiles wing wozniak wright wu yalow yonath zhang'.split(
    ' ',
  );

/** `keen_hopper`; after several that are taken, with a digit. */
export function randomName(isTaken: (name: string) => boolean): string {
  for (let attempt = 0; ; attempt++) {
    const adjective = ADJECTIVES[randomInt(ADJECTIVES.length)];
    const surname = SURNAMES[randomInt(SURNAMES.length)];
    const name = `${adjective}_${surname}${attempt < 6 ? '' : randomInt(10 ** Math.min(9, attempt - 5))}`;
    if (!isTaken(name)) return name;
  }
}
