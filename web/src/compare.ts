// Several ways to enlarge the same part, next to each other.
import { api, type Region, type Variant } from './api';
import { debounced, h } from './dom';
import { Pane, tie } from './pane';
import { Preview } from './preview';
import { attempt, state } from './state';
import { strings as s } from './strings';

interface Cell { pane: Pane; preview: Preview; variant: Variant }

/** Opens the comparison at a place, and goes on until one is taken or it is closed. */
export async function compare(region: Region | null) {
  const picture = state.picture(), plan = state.plan;
  if (!picture || !plan || !region) return;
  const variants = await attempt(api.variants);
  if (!variants) return;
  const grid = h('div.grid', {});
  const dialog = h('dialog.compare', { 'data-test': 'compare-dialog' },
    h('div.head', {}, h('h2', {}, s.compareTitle), h('button', { type: 'button', on: { click: () => dialog.close() } }, s.close)), grid);
  dialog.setAttribute('aria-label', s.compareTitle);
  document.body.append(dialog);
  dialog.showModal();

  const settingsOf = (variant: Variant) => ({ ...state.lasting.settings, ...variant.settings });
  const cells: Cell[] = variants.map((variant) => {
    const element = h('div.pane', {}), status = h('span.quiet', { role: 'status' });
    const use = h('button.small', {
      type: 'button', 'data-test': 'variant-use', ariaLabel: s.compareUseNamed(variant.label),
      on: { click: () => { state.replaceSettings(settingsOf(variant)); dialog.close(); } },
    }, s.compareUse);
    grid.append(h('figure', {}, element, h('figcaption', {}, h('span.name', {}, variant.label), status, use)));
    const pane = new Pane(element, variant !== variants[0]);
    const preview = new Preview(pane, (kind, seconds, words) => {
      status.textContent = { none: '', waiting: s.previewWaiting, shown: s.previewIn(seconds), far: s.previewZoom, failed: words }[kind];
      if (kind === 'shown') element.dataset.shown = 'yes';
    });
    return { pane, preview, variant };
  });
  tie(cells.map((c) => c.pane));

  // One after another, from the start again whenever the view changes.
  let turn = 0;
  const ask = debounced(200, async () => {
    const mine = ++turn;
    for (const { preview, variant } of cells) {
      if (mine !== turn || !dialog.open) return;
      await preview.update(picture.id, settingsOf(variant));
    }
  });
  for (const { pane } of cells) {
    pane.show(picture, { width: plan.outputWidth, height: plan.outputHeight });
    pane.onView(ask);
  }
  const middle = { x: (region.left + region.width / 2) / plan.outputWidth, y: (region.top + region.height / 2) / plan.outputWidth };
  window.setTimeout(() => cells[0]?.pane.lookAt(middle.x, middle.y), 250);

  dialog.addEventListener('keydown', (event) => {
    if (cells[0]?.pane.key(event.key)) event.preventDefault();
  });
  dialog.addEventListener('close', () => {
    turn++;
    cells.forEach((c) => c.pane.destroy());
    dialog.remove();
  });
}
