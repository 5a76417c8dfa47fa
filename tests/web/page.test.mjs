// The page in a real browser, against the real server: what a person does with it, and what happens to
// them. Run by tools/browser-tests. With SCREENSHOTS=folder the main states are kept as pictures.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';

const root = new URL('../..', import.meta.url).pathname;
const need = createRequire(join(root, 'web/package.json'));
const { chromium } = need('playwright-core');
const axe = readFileSync(need.resolve('axe-core/axe.min.js'), 'utf8');
const acuity = process.env.ACUITY_BINARY ?? join(root, 'build/release/acuity');
const folder = mkdtempSync(join(tmpdir(), 'acuity-page-'));
const env = { ...process.env, SOURCE_DATE_EPOCH: '1700000000', ACUITY_MODELS: join(root, 'models') };
const kSlow = 60000;  // for what needs a network on a busy machine

let server, address, browser, page;
const faults = [];

/** Starts it, on the port it had before where there was one. */
async function serve() {
  const port = address ? new URL(address).port : '0';
  server = spawn(acuity, ['serve', '--no-browser', '--port', port, '--data', join(folder, 'data')], { env });
  let said = '';
  await new Promise((resolve, reject) => {
    server.stdout.on('data', (bytes) => { said += bytes; if (said.includes('Ctrl-C')) resolve(); });
    server.stderr.on('data', (bytes) => { said += bytes; });
    server.on('exit', () => reject(new Error(`the server ended: ${said}`)));
  });
  address = /http:\S+/.exec(said)[0];
}

async function kill() {
  const gone = new Promise((resolve) => server.on('exit', resolve));
  server.kill('SIGKILL');
  await gone;
}

const at = (name) => page.locator(`[data-test=${name}]`);
const previews = () => page.evaluate(() => Number(document.body.dataset.previewCount ?? 0));
const previewAfter = (count) => page.waitForFunction(
  (before) => document.body.dataset.preview === 'shown' && Number(document.body.dataset.previewCount) > before, count, { timeout: kSlow });
const picture = (name) => join(root, 'examples', name);

async function screenshot(name) {
  if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`), caret: 'initial' });
}

/** A picture large enough to be cancelled or killed in the middle. */
function large() {
  const path = join(folder, 'large.png');
  execFileSync(acuity, [picture('parrots.jpg'), '-s', '4', '-m', 'bicubic', '-o', path, '--keep-metadata', 'none', '--overwrite'], { env });
  return path;
}

before(async () => {
  await serve();
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  page = await browser.newPage({ viewport: { width: 1400, height: 860 }, acceptDownloads: true });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => { if (/Content Security Policy/.test(message.text())) faults.push(message.text()); });
});

after(async () => {
  await browser?.close();
  server?.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

test('the page is small and soon there', async () => {
  await page.goto(address);
  await page.waitForSelector('body[data-ready]');
  const ready = await page.evaluate(() => performance.now());
  assert.ok(ready < 1000, `it took ${ready} ms`);
  let bytes = 0;
  for (const file of ['index.html', 'app.js', 'index.css', 'icon.svg'])
    bytes += gzipSync(readFileSync(join(root, 'web/dist', file))).length;
  assert.ok(bytes < 300e3, `${bytes} bytes`);
  assert.deepEqual(faults, []);
  await screenshot('page-empty');
});

test('a dropped picture shows its diagnosis and a preview', async () => {
  const bytes = readFileSync(picture('houses.png')).toString('base64');
  const transfer = await page.evaluateHandle((text) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], 'houses.png', { type: 'image/png' }));
    return data;
  }, bytes);
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
  await at('picture-row').waitFor();
  await page.waitForFunction(() => /sharp|soft/.test(document.querySelector('[data-test=picture-words]')?.textContent ?? ''), null, { timeout: kSlow });
  await previewAfter(0);
  assert.match(await at('preview-status').textContent(), /Preview in \d/);
  assert.match(await at('why').textContent(), /280x200 becomes 1120x800/);
  await screenshot('page-preview');
});

test('the split slider moves by mouse and keys', async () => {
  const slider = at('split-slider');
  assert.equal(await slider.getAttribute('aria-valuenow'), '50');
  const box = await slider.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x - 150, box.y + box.height / 2, { steps: 5 });
  await page.mouse.up();
  const dragged = Number(await slider.getAttribute('aria-valuenow'));
  assert.ok(dragged < 40, `at ${dragged}`);
  await slider.press('ArrowRight');
  assert.equal(Number(await slider.getAttribute('aria-valuenow')), dragged + 2);
  for (const mode of ['lens', 'side', 'result', 'split']) {
    await at(`mode-${mode}`).click();
    assert.equal(await at(`mode-${mode}`).getAttribute('aria-pressed'), 'true');
  }
});

test('an advanced setting changes the preview, and goes back to automatic', async () => {
  await at('advanced-switch').click();
  assert.equal(await at('advanced-switch').getAttribute('aria-checked'), 'true');
  // The preview that the last mode asked for must not be taken for the one that is waited for.
  await page.waitForTimeout(400);
  await page.waitForFunction(() => document.body.dataset.preview === 'shown', null, { timeout: kSlow });
  const pixels = () => page.evaluate(() => document.querySelector('[data-test=pane] canvas').toDataURL());
  const first = await pixels();
  let count = await previews();
  await at('prescale').fill('30');
  await previewAfter(count);
  await page.waitForTimeout(300);
  assert.notEqual(await pixels(), first);
  assert.match(await at('why').textContent(), /reduced to 84x60/);
  await screenshot('page-advanced');
  count = await previews();
  await at('prescale-auto').click();
  await previewAfter(count);
  assert.match(await page.locator('.range:has([data-test=prescale]) .value').textContent(), /automatic: off/);
  count = await previews();
  await at('noise').fill('60');
  await previewAfter(count);
  await page.waitForTimeout(300);
  assert.notEqual(await pixels(), first);
  assert.match(await at('why').textContent(), /clean takes away noise/);
  count = await previews();
  await at('noise-auto').click();
  await previewAfter(count);
  assert.match(await page.locator('.range:has([data-test=noise]) .value').textContent(), /automatic: 0/);
});

test('variants are compared and one is taken', async () => {
  await at('compare').click();
  await page.waitForFunction(() => document.querySelectorAll('[data-shown=yes]').length === 5, null, { timeout: kSlow });
  await screenshot('page-compare');
  await page.getByRole('button', { name: 'Use this: halved first', exact: true }).click();
  await at('compare-dialog').waitFor({ state: 'detached', timeout: kSlow });
  await page.waitForFunction(() => /reduced to 140x100/.test(document.querySelector('[data-test=why]').textContent), null, { timeout: kSlow });
  await at('prescale-auto').click();
  await at('passes-auto').click();
});

test('a job runs, and what is downloaded is what the command line makes', async () => {
  await at('start').click();
  await page.waitForSelector('[data-test=job-row][data-state=done]', { timeout: kSlow });
  const [download] = await Promise.all([page.waitForEvent('download'), at('job-download').first().click()]);
  assert.equal(download.suggestedFilename(), 'houses-4x.png');
  const got = readFileSync(await download.path());
  writeFileSync(join(folder, 'houses.png'), readFileSync(picture('houses.png')));
  execFileSync(acuity, [join(folder, 'houses.png')], { env });
  assert.ok(got.equals(readFileSync(join(folder, 'houses-4x.png'))));
  assert.match(await at('preview-status').textContent(), /Finished/);
  await screenshot('page-result');
});

test('a reload in the middle loses nothing, a job is cancelled', async () => {
  await at('drop-input').setInputFiles(large());
  await page.waitForFunction(() => document.querySelectorAll('[data-test=picture-row]').length === 2, null, { timeout: kSlow });
  await at('start').click();
  await page.waitForSelector('[data-test=job-row][data-state=running]', { timeout: kSlow });
  await page.reload();
  await page.waitForSelector('[data-test=job-row][data-state=running]', { timeout: kSlow });
  assert.equal(await at('advanced-switch').getAttribute('aria-checked'), 'true');
  await at('job-cancel').first().click();
  await page.waitForSelector('[data-test=job-row][data-state=cancelled]', { timeout: kSlow });
});

test('the server is killed in the middle, and all goes on', async () => {
  await page.locator('[data-test=job-row][data-state=cancelled] [data-test=job-retry]').click();
  await page.waitForSelector('[data-test=job-row][data-state=running]', { timeout: kSlow });
  await page.waitForTimeout(700);
  await kill();
  await page.waitForSelector('.banner:not([hidden])', { timeout: kSlow });
  await serve();
  await page.waitForSelector('.banner[hidden]', { state: 'attached', timeout: kSlow });
  await page.waitForFunction(() => document.querySelectorAll('[data-test=job-row][data-state=done]').length === 2, null, { timeout: 5 * kSlow });
});

test('broken and hostile files are refused in words', async () => {
  writeFileSync(join(folder, 'broken.png'), readFileSync(picture('houses.png')).subarray(0, 20000));
  writeFileSync(join(folder, 'page.svg'), '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');
  writeFileSync(join(folder, '<img src=x onerror=alert(1)>.png'), 'no picture');
  await at('drop-input').setInputFiles([join(folder, 'broken.png'), join(folder, 'page.svg'), join(folder, '<img src=x onerror=alert(1)>.png')]);
  await page.waitForFunction(() => document.querySelectorAll('[data-test=error]').length === 3, null, { timeout: kSlow });
  for (const words of await at('error').allTextContents()) assert.ok(words.length > 20, words);
  assert.equal(await at('picture-row').count(), 2);
  await screenshot('page-errors');
});

test('there is no serious fault of accessibility, light or dark, wide or narrow', async () => {
  for (const [colorScheme, width] of [['light', 1400], ['dark', 400]]) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 860 });
    await page.waitForTimeout(300);
    const found = await page.evaluate(`${axe}; axe.run(document, { resultTypes: ['violations'] })`);
    const serious = found.violations.filter((v) => ['serious', 'critical'].includes(v.impact));
    assert.deepEqual(serious.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`), []);
    await screenshot(`page-${colorScheme}-${width}`);
  }
});

test('nothing went wrong unseen', () => {
  assert.deepEqual(faults, []);
});
