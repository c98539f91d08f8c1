import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { dtdFaults } from './validate.ts';
import { parseXml, XmlError } from './xml.ts';

interface Case {
  readonly what: string;
  readonly text: string;
  readonly valid: boolean;
}

const cases = JSON.parse(readFileSync('test/fixtures/conformance/smf-manifests.json', 'utf8')) as Case[];
const test = suite('smf validate');

function isValid(text: string): boolean {
  try {
    return dtdFaults(parseXml(text)).length === 0;
  } catch (error) {
    if (error instanceof XmlError) return false;
    throw error;
  }
}

test('all of smf-manifests.json is judged as the DTD judges it', () => {
  assert.is(cases.length, 143);
  assert.equal(
    cases.filter(({ text, valid }) => isValid(text) !== valid).map(({ what }) => what),
    [],
  );
});

test('names the line, the element and what is wrong with it', () => {
  const text = `<?xml version='1.0'?>
<!DOCTYPE service_bundle SYSTEM '/usr/share/lib/xml/dtd/service_bundle.dtd.1'>
<service_bundle type='manifest' name='x'>
<service name='site/x' type='service'>
<single_instance/><create_default_instance enabled='yes'/></service></service_bundle>`;
  assert.equal(dtdFaults(parseXml(text)), [
    'line 5: element create_default_instance: value "yes" of attribute enabled is not among true false',
    'line 4: element service: content does not follow the DTD: got (single_instance create_default_instance)',
    'line 4: element service: does not carry attribute version',
  ]);
});

test('xmllint judges the same', () => {
  if (spawnSync('xmllint', ['--version']).error !== undefined) {
    console.log('SKIPPED: second opinion of xmllint on the DTD, libxml2-utils is not installed');
    return;
  }
  const dir = mkdtempSync(join(tmpdir(), 'dtd-'));
  try {
    const dtd = join(dir, 'service_bundle.dtd.1');
    copyFileSync('test/fixtures/service_bundle.dtd.1', dtd);
    for (const { what, text } of cases) {
      const file = join(dir, 'case.xml');
      writeFileSync(file, text);
      const { status } = spawnSync('xmllint', ['--nonet', '--noout', '--dtdvalid', dtd, file]);
      assert.is(isValid(text), status === 0, what);
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test.run();
