// A view of one picture: the original, and over it a result, a preview and a trust map, cut where the
// mode wants it. World coordinates: the picture is 1 wide.
import OpenSeadragon from 'openseadragon';
import { api, type Picture, type Region } from './api';

// The library would put a rule for touch screens into the page, which the page's own policy forbids: it
// finds its mark here (of another namespace, so that it is no style), and the rule stands in style.css.
const mark = document.createElementNS('urn:acuity', 'style');
mark.setAttribute('data-openseadragon-mobile-css', '');
document.head.append(mark);

type Layer = 'original' | 'result' | 'trust' | 'preview';
/** What is drawn; `before` is what it will replace, and stays until then. */
interface Entry { item: any; before: any; then?: () => void; job?: string }
/** What is seen of the result, in shares of the view; null: all of it. */
export type Window = { left: number; top: number; right: number; bottom: number } | null;

export class Pane {
  readonly viewer: OpenSeadragon.Viewer;
  private layers = new Map<Layer, Entry>();
  private output = { width: 1, height: 1 };
  private window: Window = null;
  private picture = '';

  /** `follows`: another pane says where it looks. */
  constructor(readonly element: HTMLElement, private readonly follows = false) {
    this.viewer = OpenSeadragon({
      element, drawer: 'canvas', showNavigationControl: false, showNavigator: false,
      animationTime: matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 0.3, blendTime: 0, immediateRender: true, maxZoomPixelRatio: 16, minZoomImageRatio: 0.5,
      visibilityRatio: 0.3, preserveImageSizeOnResize: true, crossOriginPolicy: false, imageLoaderLimit: 4, smoothTileEdgesMinZoom: Infinity,
      gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
      keyboardNavEnabled: false,  // its keys turn and mirror pictures; ours are in key()
    } as any);
    this.viewer.addHandler('viewport-change', () => this.cut());
    this.viewer.addHandler('resize', () => this.cut());
  }

  /** Another picture, or another size of its result. */
  show(picture: Picture, output: { width: number; height: number }) {
    const another = this.picture !== picture.id;
    const resized = this.output.width !== output.width;
    this.output = output;
    if (another) {
      this.picture = picture.id;
      this.viewer.world.removeAll();
      this.layers.clear();
      this.add('original', source(picture.width, picture.height, api.tile('pictures', picture.id, 'tiles')), { then: () => this.begin() });
    } else if (resized) {
      this.drop('result');
      this.drop('trust');
      this.drop('preview');
    }
  }

  clear() {
    this.picture = '';
    this.viewer.world.removeAll();
    this.layers.clear();
  }

  /** `then`: it covers what is in view. */
  setTiles(layer: 'result' | 'trust', job: string | null, size?: { width: number; height: number }, then?: () => void) {
    if (job && this.layers.get(layer)?.job === job) return;
    this.drop(layer);
    if (!job || !size) return;
    const tiles = source(size.width, size.height, api.tile('jobs', job, layer === 'result' ? 'tiles' : 'trust'));
    this.add(layer, tiles, { then }).job = job;
  }

  /** Puts a picture of a region in the place of the last one, once it can be drawn. */
  setPreview(image: Blob | null, region?: Region): Promise<void> {
    if (!image || !region) {
      this.drop('preview');
      return Promise.resolve();
    }
    const url = URL.createObjectURL(image);
    const { width } = this.output;
    return new Promise((resolve) => {
      this.add('preview', { type: 'image', url, buildPyramid: false }, {
        place: { x: region.left / width, y: region.top / width, width: region.width / width },
        then: () => {
          URL.revokeObjectURL(url);
          resolve();
        },
      });
    });
  }

  get previewed(): boolean { return this.layers.has('preview'); }

  setWindow(window: Window) {
    this.window = window;
    this.cut();
  }

  setSmooth(smooth: boolean) {
    this.viewer.drawer?.setImageSmoothingEnabled?.(smooth);
    this.viewer.forceRedraw();
  }

  /** `then` comes once it is drawn, or will not be: it failed, or gave way to another one. */
  private add(layer: Layer, tileSource: any, { then, place }: { then?: () => void; place?: object } = {}): Entry {
    const old = this.layers.get(layer);
    // What was not drawn yet gives way at once, what is seen stays until there is something in its place.
    const entry: Entry = { item: null, before: old?.before ?? old?.item ?? null, then };
    if (old?.before) this.remove(old.item);
    this.layers.set(layer, entry);
    this.viewer.addTiledImage({
      tileSource, ...(place ?? { x: 0, y: 0, width: 1 }), opacity: layer === 'trust' ? 0.6 : 1,
      success: ({ item }: any) => {
        if (this.layers.get(layer) !== entry) return this.remove(item);
        entry.item = item;
        const trust = this.layers.get('trust')?.item;
        if (trust) this.raise(trust);
        this.cut();
        onceLoaded(item, () => {
          this.remove(entry.before);
          entry.before = null;
          then?.();
        });
      },
      error: () => {
        entry.item = entry.before;
        entry.before = null;
        then?.();
      },
    } as any);
    old?.then?.();
    return entry;
  }

  private remove(item: any) {
    if (item) this.viewer.world.removeItem(item);
  }

  private raise(item: any) {
    this.viewer.world.setItemIndex(item, this.viewer.world.getItemCount() - 1);
  }

  private drop(layer: Layer) {
    const entry = this.layers.get(layer);
    this.layers.delete(layer);
    this.remove(entry?.item);
    this.remove(entry?.before);
    entry?.then?.();
  }

  /** Cuts what lies over the original to the window. */
  private cut() {
    const bounds = this.viewer.viewport?.getBounds(true);
    if (!bounds) return;
    const over = [...this.layers].filter(([layer]) => layer !== 'original').flatMap(([, entry]) => [entry.item, entry.before]);
    for (const item of over) {
      if (!item) continue;
      if (!this.window) {
        if (item.getClip()) item.setClip(null);
        continue;
      }
      const place = item.getBounds(true), size = item.getContentSize();
      const scale = size.x / place.width;
      const at = (share: number, from: number, length: number, origin: number, most: number) =>
        Math.min(most, Math.max(0, Math.round((from + share * length - origin) * scale)));
      const left = at(this.window.left, bounds.x, bounds.width, place.x, size.x);
      const right = at(this.window.right, bounds.x, bounds.width, place.x, size.x);
      const top = at(this.window.top, bounds.y, bounds.height, place.y, size.y);
      const bottom = at(this.window.bottom, bounds.y, bounds.height, place.y, size.y);
      const clip = new OpenSeadragon.Rect(left, top, Math.max(0.01, right - left), Math.max(0.01, bottom - top));
      const now = item.getClip();
      if (!now || !now.equals(clip)) item.setClip(clip);
    }
  }

  // Where it looks.

  /** The middle, 1:1. The pane may have been shown only now: its size is asked for anew. */
  private begin() {
    requestAnimationFrame(() => {
      if (!this.viewer.viewport || this.follows) return;
      this.viewer.viewport.resize(new OpenSeadragon.Point(this.element.clientWidth, this.element.clientHeight), false);
      this.oneToOne(true);
    });
  }

  oneToOne(immediately = false) {
    const viewport = this.viewer.viewport;
    const across = viewport.getContainerSize().x * (window.devicePixelRatio || 1);
    if (!across) return;
    viewport.zoomTo(this.output.width / across, undefined, immediately);
    if (immediately) {
      viewport.panTo(new OpenSeadragon.Point(0.5, this.output.height / this.output.width / 2), true);
      viewport.applyConstraints(true);
    }
  }
  lookAt(x: number, y: number) {
    this.viewer.viewport.panTo(new OpenSeadragon.Point(x, y), true);
    this.viewer.viewport.applyConstraints(true);
  }
  fit() { this.viewer.viewport.goHome(); }
  zoomBy(factor: number) {
    this.viewer.viewport.zoomBy(factor);
    this.viewer.viewport.applyConstraints();
  }
  panBy(x: number, y: number) {
    const bounds = this.viewer.viewport.getBounds();
    this.viewer.viewport.panBy(new OpenSeadragon.Point(x * bounds.width, y * bounds.height));
    this.viewer.viewport.applyConstraints();
  }

  /** Does what a key stands for; false where it stands for nothing. */
  key(name: string): boolean {
    const acts: Record<string, () => void> = {
      '+': () => this.zoomBy(1.5), '-': () => this.zoomBy(1 / 1.5), '0': () => this.oneToOne(), f: () => this.fit(),
      ArrowLeft: () => this.panBy(-0.1, 0), ArrowRight: () => this.panBy(0.1, 0),
      ArrowUp: () => this.panBy(0, -0.1), ArrowDown: () => this.panBy(0, 0.1),
    };
    acts[name]?.();
    return name in acts;
  }

  /** The part of the result in view, in its pixels; nothing where none of it is. */
  region(): Region | null {
    const bounds = this.viewer.viewport?.getBounds();
    if (!bounds || !this.picture) return null;
    const { width, height } = this.output;
    const left = Math.max(0, Math.floor(bounds.x * width)), top = Math.max(0, Math.floor(bounds.y * width));
    const right = Math.min(width, Math.ceil((bounds.x + bounds.width) * width));
    const bottom = Math.min(height, Math.ceil((bounds.y + bounds.height) * width));
    return right > left && bottom > top ? { left, top, width: right - left, height: bottom - top } : null;
  }

  onView(listener: () => void) { this.viewer.addHandler('viewport-change', listener); }
  destroy() { this.viewer.destroy(); }
}

/** When all of an item that is in view is there to be drawn. */
function onceLoaded(item: any, act: () => void) {
  if (item.getFullyLoaded()) act();
  else item.addOnceHandler('fully-loaded-change', act);
}

function source(width: number, height: number, getTileUrl: (level: number, x: number, y: number) => string) {
  return { width, height, tileSize: 512, tileOverlap: 0, getTileUrl };
}

/** Panes that look at the same place, equally large. The first one leads those that are shown later. */
export function tie(panes: Pane[]) {
  const [first, ...others] = panes;
  const lost = new Set(others);  // not there yet, and no leaders
  const scale = ({ viewport }: OpenSeadragon.Viewer) => viewport.getZoom(true) * viewport.getContainerSize().x;
  const follow = (pane: Pane, leader: Pane) => {
    if (!pane.element.clientWidth) return;
    lost.delete(pane);
    const { viewport } = pane.viewer, middle = leader.viewer.viewport.getCenter(true);
    // Who is there already is left alone, or they would follow one another for ever.
    const zoom = scale(leader.viewer) / viewport.getContainerSize().x;
    if (Math.abs(viewport.getZoom(true) / zoom - 1) > 1e-4) viewport.zoomTo(zoom, undefined, true);
    if (viewport.getCenter(true).distanceTo(middle) > 1e-4 / zoom) viewport.panTo(middle, true);
  };
  let leading = false;
  for (const pane of panes)
    pane.onView(() => {
      if (leading || lost.has(pane) || !pane.element.clientWidth) return;
      leading = true;
      for (const other of panes) if (other !== pane) follow(other, pane);
      leading = false;
    });
  for (const other of others)
    other.viewer.addHandler('resize', () => {
      lost.add(other);
      requestAnimationFrame(() => {
        if (other.viewer.viewport) follow(other, first!);
      });
    });
}
