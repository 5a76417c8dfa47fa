// Puts the page together. Tests find their way by data-test attributes: drop-input, picture-row,
// picture-words, error, stage, split-slider, mode-*, preview-status, scale-*, pixels, pixels-side, advanced-switch, prescale,
// passes, *-auto, why, start, compare, compare-dialog, variant-use, job-row, job-state, job-cancel,
// job-download, ... ; document.body.dataset.preview and previewCount tell what previews do.
import { api } from './api';
import { compare } from './compare';
import { h } from './dom';
import { jobsPanel } from './jobs';
import { picturesPanel } from './pictures';
import { settingsPanel } from './settings';
import { attempt, follow, put, refresh, state } from './state';
import { strings as s } from './strings';
import { viewer } from './viewer';

const app = document.getElementById('app')!;
const banner = h('p.banner', { role: 'alert', hidden: true });

function tellBanner(words: string) {
  if (banner.textContent === words) return;  // it would be read out again
  banner.textContent = words;
  banner.hidden = !words;
}

async function start() {
  const picture = state.picture();
  if (!picture) return;
  const job = await attempt(() => api.queue(picture.id, state.lasting.settings, state.lasting.trustMap));
  if (!job || state.jobs.some((j) => j.id === job.id)) return;  // an event was faster, and knows more
  put(state.jobs, job);
  state.tell('jobs');
}

async function begin() {
  document.body.dataset.preview = 'none';
  try {
    const [models, options] = await Promise.all([api.models(), api.options(), refresh()]);
    app.replaceChildren(
      h('header', {}, h('h1', {}, s.name)), banner,
      h('main', {}, picturesPanel(), viewer((region) => void compare(region)), settingsPanel(models, options, () => void start()), jobsPanel()));
    state.on(['connection', 'complaint'], () => tellBanner(state.connected ? state.complaint : s.lost));
    follow();
    document.body.dataset.ready = 'yes';
  } catch (error) {
    app.replaceChildren(banner);
    tellBanner((error as Error).message);
    window.setTimeout(() => void begin(), 2000);
  }
}

void begin();
