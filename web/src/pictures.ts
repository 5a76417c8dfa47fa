// The list of pictures, and the ways in: drop, paste, files, a folder.
import { api, type Picture } from './api';
import { h, rowsOf } from './dom';
import { attempt, put, state } from './state';
import { strings as s } from './strings';

interface Sending { name: string; share: number; error: string }

const sending: Sending[] = [];

async function send(files: Iterable<File>) {
  let first = true;
  // One after another: the disk and the decoder are shared.
  for (const file of files) {
    const entry: Sending = { name: file.name, share: 0, error: '' };
    sending.push(entry);
    state.tell('pictures');
    try {
      const picture = await api.upload(file, (share) => { entry.share = share; state.tell('pictures'); });
      sending.splice(sending.indexOf(entry), 1);
      // Its own event may have come before, and told more.
      if (!state.pictures.some((p) => p.id === picture.id)) put(state.pictures, picture);
      if (first) state.choose(picture.id);
      first = false;
    } catch (error) {
      entry.error = (error as Error).message;
    }
    state.tell('pictures');
  }
}

/** Files of a drop, folders with all they hold. */
async function filesOf(transfer: DataTransfer): Promise<File[]> {
  const entries = [...transfer.items].map((i) => i.webkitGetAsEntry?.()).filter((e) => !!e);
  if (!entries.length) return [...transfer.files];
  const files: File[] = [];
  const walk = async (entry: FileSystemEntry): Promise<void> => {
    if (entry.isFile) files.push(await new Promise((ok, bad) => (entry as FileSystemFileEntry).file(ok, bad)));
    if (!entry.isDirectory) return;
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((ok, bad) => reader.readEntries(ok, bad));
      if (!some.length) break;
      for (const one of some) await walk(one);
    }
  };
  for (const entry of entries) await walk(entry!);
  return files;
}

/** A row that stays while its picture is measured, so that focus is not lost and nothing is loaded twice. */
class Row {
  readonly element: HTMLElement;
  private readonly choose: HTMLElement;
  private readonly words = h('span', { 'data-test': 'picture-words' });

  constructor(picture: Picture) {
    this.choose = h('button.choose', { type: 'button', on: { click: () => state.choose(picture.id) } },
      h('img', { src: `/api/pictures/${picture.id}/thumbnail`, alt: '', loading: 'lazy', width: 56, height: 56 }),
      h('span.text', {}, h('span.name', {}, picture.name), h('span.quiet', {}, s.facts(picture)), this.words));
    this.element = h('li.picture', { 'data-test': 'picture-row' }, this.choose,
      h('button.small', { type: 'button', ariaLabel: s.removeNamed(picture.name), 'data-test': 'picture-remove', on: { click: () => void attempt(() => api.removePicture(picture.id)) } }, '×'));
  }

  show(picture: Picture) {
    this.choose.setAttribute('aria-pressed', String(state.lasting.chosen === picture.id));
    this.words.className = picture.state === 'broken' ? 'words error' : 'words';
    this.words.textContent = picture.words ?? s.measuring;
  }
}

function sendingRow(entry: Sending): HTMLElement {
  if (!entry.error) return h('li.sending', {}, h('span.name', {}, entry.name), h('span.quiet', {}, s.uploading(Math.round(entry.share * 100))));
  const dismiss = () => { sending.splice(sending.indexOf(entry), 1); state.tell('pictures'); };
  return h('li.sending', {}, h('span.name', {}, entry.name), h('span.error', { role: 'alert', 'data-test': 'error' }, entry.error),
    h('button.small', { type: 'button', on: { click: dismiss } }, s.dismiss));
}

export function picturesPanel(): HTMLElement {
  const files = h('input.hidden', { type: 'file', multiple: true, accept: 'image/*', tabIndex: -1, ariaLabel: s.add, 'data-test': 'drop-input' });
  const folder = h('input.hidden', { type: 'file', multiple: true, tabIndex: -1, ariaLabel: s.addFolder });
  folder.setAttribute('webkitdirectory', '');
  for (const input of [files, folder])
    input.addEventListener('change', () => { const chosen = [...(input.files ?? [])]; input.value = ''; void send(chosen); });
  const coming = h('ul', {}), list = h('ul', { 'data-test': 'pictures' });
  const rows = rowsOf(list, (picture: Picture) => new Row(picture));
  const hint = h('p.hint', {}, s.dropHere);
  const show = () => {
    coming.replaceChildren(...sending.map(sendingRow));
    rows(state.pictures);
    hint.hidden = state.pictures.length + sending.length > 0;
  };
  state.on(['pictures', 'chosen'], show);
  show();

  const veil = h('div.veil', { hidden: true, ariaHidden: 'true' }, s.dropNow);
  document.body.append(veil);
  let depth = 0;
  const over = (on: boolean) => { depth = Math.max(0, depth + (on ? 1 : -1)); veil.hidden = depth === 0; };
  document.addEventListener('dragenter', (e) => { e.preventDefault(); over(true); });
  document.addEventListener('dragleave', () => over(false));
  document.addEventListener('dragover', (e) => e.preventDefault());
  document.addEventListener('drop', async (event) => {
    event.preventDefault();
    depth = 0;
    veil.hidden = true;
    if (event.dataTransfer) void send(await filesOf(event.dataTransfer));
  });
  document.addEventListener('paste', (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])];
    if (pasted.length) void send(pasted);
  });

  return h('section.pictures', { ariaLabel: s.pictures }, h('h2', {}, s.pictures),
    h('div.group', {},
      h('button', { type: 'button', on: { click: () => files.click() } }, s.add),
      h('button', { type: 'button', on: { click: () => folder.click() } }, s.addFolder)),
    files, folder, hint, coming, list);
}
