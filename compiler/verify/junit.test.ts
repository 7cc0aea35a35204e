import { expect, it } from 'vitest';
import { junitXml } from './junit.js';

it('counts failures and escapes what XML reserves', () => {
  const xml = junitXml('kws "m4"', [
    { name: 'a<b', time: 0.5 },
    { name: 'conv', time: 1, failure: 'expected 1 & got 2\nat 3' },
  ]);
  expect(xml).toContain('<testsuite name="kws &quot;m4&quot;" tests="2" failures="1" time="1.500">');
  expect(xml).toContain('name="a&lt;b" time="0.500"/>');
  expect(xml).toContain('<failure message="expected 1 &amp; got 2&#10;at 3"/>');
});
