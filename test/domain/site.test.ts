import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { OperatorError } from '../../src/domain/errors.ts';
import {
  describeSite,
  formatServedSite,
  formatSite,
  isSameSite,
  parseServedSite,
  parseSite,
  parseSitePath,
  portsOf,
} from '../../src/domain/site.ts';

const test = suite('site');

for (const text of [
  'http www.example.org 80 / 8080 nginx',
  'tls www.example.org 443 /api/v1 8080 haproxy cert=www check=/health redirect=no',
  'pass db.example.org 9443 / 5432 haproxy',
]) {
  test(`"${text}" is read and written the same`, () => {
    assert.is(formatSite(parseSite(text)), text);
    assert.is(formatServedSite(parseServedSite(`10.2.0.2 up ${text}`)), `10.2.0.2 up ${text}`);
    assert.is(parseServedSite(`fd00::2 down ${text}`).up, false);
  });
}

for (const [text, hint] of [
  ['http www.example.org 80 / 8080', /KIND HOST PORT/],
  ['ftp www.example.org 80 / 8080 nginx', /http, tls, pass/],
  ['http www.example.org 80 / 8080 apache', /nginx, haproxy/],
  ['http www.example.org 80 / 8080 nginx colour=red', /KIND HOST PORT/],
  ['http www.example.org 80 / 8080 nginx redirect=yes', /KIND HOST PORT/],
  ['http www.example.org 0 / 8080 nginx', /1 to 65535/],
  ['tls www.example.org 443 / 8080 nginx', /--cert/],
  ['tls www.example.org 443 / 8080 nginx cert=../x', /without directories/],
  ['http www.example.org 80 / 8080 nginx cert=www', /--cert/],
  ['pass www.example.org 443 /api 8080 haproxy', /--path/],
  ['pass www.example.org 443 / 8080 nginx', /--backend haproxy/],
  ['http www.example.org 80 / 8080 nginx check=/x', /--check/],
  ['http www;x.example.org 80 / 8080 nginx', /labels/],
] as const) {
  test(`"${text}" is refused, and says how to mend it`, () => {
    assert.throws(
      () => parseSite(text),
      (error: unknown) => error instanceof OperatorError && hint.test(error.hint ?? ''),
    );
  });
}

for (const path of [
  '',
  'api',
  '/a b',
  '/a;b',
  '/a{b}',
  '/$x',
  '/a#b',
  '/a"b',
  "/a'b",
  '/../x',
  '/a//b',
  '/a\n',
  `/${'x'.repeat(200)}`,
]) {
  test(`${JSON.stringify(path)} is no path of a site`, () => {
    assert.throws(
      () => parseSitePath(path),
      (error: unknown) => error instanceof OperatorError && error.code === 'VALUE_INVALID',
    );
  });
}

test('a path loses the "/" at its end, but for the first', () => {
  assert.is(parseSitePath('/api/'), '/api');
  assert.is(parseSitePath('/'), '/');
});

test('what a site takes outside, and what is the same site', () => {
  const site = parseSite('tls www.example.org 443 / 8080 nginx cert=www');
  assert.equal(portsOf(site), [443, 80]);
  assert.equal(portsOf(parseSite('tls www.example.org 443 / 8080 nginx cert=www redirect=no')), [443]);
  assert.equal(portsOf(parseSite('http www.example.org 81 / 8080 nginx')), [81]);
  assert.is(isSameSite(site, parseSite('tls www.example.org 443 / 9090 nginx cert=www')), true);
  assert.is(isSameSite(site, parseSite('tls www.example.org 443 /x 8080 nginx cert=www')), false);
  assert.is(describeSite(site), 'https://www.example.org/');
  assert.is(describeSite(parseSite('http www.example.org 8080 /api 80 nginx')), 'http://www.example.org:8080/api');
});

test.run();
