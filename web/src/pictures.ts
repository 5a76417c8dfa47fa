// The list of pictures, and the ways in: drop, paste, files, a folder.
import { api, type Picture } from './api';
import { h } from './dom';
import { put, state } from './state';
import { strings as s } from './strings';

interface Sending { name: string; share: number; error: string }

const sending: Sending[] = [];

async function send(files: Iterable<File>) {
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
      state.choose(picture.id);
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

function row(picture: Picture): HTMLElement {
  const chosen = state.lasting.chosen === picture.id;
  const broken = picture.state === 'broken';
  return h('li.picture', { 'data-test': 'picture-row' },
    h('button.choose', { type: 'button', 'aria-pressed': String(chosen), on: { click: () => state.choose(picture.id) } },
      h('img', { src: `/api/pictures/${picture.id}/thumbnail`, alt: '', loading: 'lazy', width: 56, height: 56 }),
      h('span.text', {},
        h('span.name', {}, picture.name), h('span.quiet', {}, s.facts(picture)),
        h('span.words', { 'data-test': 'picture-words', className: broken ? 'error' : 'words' }, picture.words ?? s.measuring))),
    h('button.small', { type: 'button', ariaLabel: s.removeNamed(picture.name), 'data-test': 'picture-remove', on: { click: () => void api.removePicture(picture.id) } }, '×'));
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
  const list = h('ul', { 'data-test': 'pictures' });
  const hint = h('p.hint', {}, s.dropHere);
  const show = () => {
    list.replaceChildren(...sending.map(sendingRow), ...state.pictures.map(row));
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
    files, folder, hint, list);
}
