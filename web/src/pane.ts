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
/** What is seen of the result, in shares of the view; null: all of it. */
export type Window = { left: number; top: number; right: number; bottom: number } | null;

export class Pane {
  readonly viewer: OpenSeadragon.Viewer;
  private layers = new Map<Layer, any>();
  private output = { width: 1, height: 1 };
  private window: Window = null;
  private picture = '';
  private serial = 0;

  /** `follows`: another pane says where it looks. */
  constructor(readonly element: HTMLElement, private readonly follows = false) {
    this.viewer = OpenSeadragon({
      element, drawer: 'canvas', showNavigationControl: false, showNavigator: false,
      animationTime: 0.3, blendTime: 0, immediateRender: true, maxZoomPixelRatio: 16, minZoomImageRatio: 0.5,
      visibilityRatio: 0.3, crossOriginPolicy: false, imageLoaderLimit: 4, smoothTileEdgesMinZoom: Infinity,
      gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
      keyboardShortcut: null,
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
      this.add('original', source(picture.width, picture.height, api.tile('pictures', picture.id, 'tiles')), () => this.begin());
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

  setTiles(layer: 'result' | 'trust', job: string | null, size?: { width: number; height: number }) {
    const now = this.layers.get(layer);
    if (now?.job === job) return;
    this.drop(layer);
    if (!job || !size) return;
    this.add(layer, source(size.width, size.height, api.tile('jobs', job, layer === 'result' ? 'tiles' : 'trust')));
    const added = this.layers.get(layer);
    if (added) added.job = job;
  }

  /** Puts a picture of a region in the place of the last one, once it can be drawn. */
  setPreview(image: Blob | null, region?: Region): Promise<void> {
    if (!image || !region) {
      this.drop('preview');
      return Promise.resolve();
    }
    const url = URL.createObjectURL(image);
    const old = this.layers.get('preview');
    return new Promise((resolve) => {
      this.add('preview', { type: 'image', url, buildPyramid: false }, () => {
        if (old?.item) this.viewer.world.removeItem(old.item);
        URL.revokeObjectURL(url);
        resolve();
      }, { x: region.left / this.output.width, y: region.top / this.output.width, width: region.width / this.output.width });
    });
  }

  setWindow(window: Window) {
    this.window = window;
    this.cut();
  }

  setSmooth(smooth: boolean) {
    this.viewer.drawer?.setImageSmoothingEnabled?.(smooth);
    this.viewer.forceRedraw();
  }

  private add(layer: Layer, tileSource: any, then?: () => void, place: object = { x: 0, y: 0, width: 1 }) {
    const serial = ++this.serial;
    const entry: any = { item: null, serial };
    this.layers.set(layer, entry);
    this.viewer.addTiledImage({
      tileSource, ...place, opacity: layer === 'trust' ? 0.6 : 1,
      success: (event: any) => {
        // Another one may have been asked for meanwhile.
        if (this.layers.get(layer)?.serial !== serial) {
          this.viewer.world.removeItem(event.item);
          return;
        }
        entry.item = event.item;
        if (layer === 'trust') this.raise(event.item);
        const trust = this.layers.get('trust')?.item;
        if (layer !== 'trust' && trust) this.raise(trust);
        this.cut();
        then?.();
      },
    } as any);
  }

  private raise(item: any) {
    this.viewer.world.setItemIndex(item, this.viewer.world.getItemCount() - 1);
  }

  private drop(layer: Layer) {
    const entry = this.layers.get(layer);
    this.layers.delete(layer);
    if (entry?.item) this.viewer.world.removeItem(entry.item);
  }

  /** Cuts what lies over the original to the window. */
  private cut() {
    const bounds = this.viewer.viewport?.getBounds(true);
    if (!bounds) return;
    for (const [layer, { item }] of this.layers) {
      if (layer === 'original' || !item) continue;
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

function source(width: number, height: number, getTileUrl: (level: number, x: number, y: number) => string) {
  return { width, height, tileSize: 512, tileOverlap: 0, getTileUrl };
}

/** Panes that look at the same place. The first one leads those that are shown later. */
export function tie(panes: Pane[]) {
  const follow = (pane: Pane, bounds: OpenSeadragon.Rect) => {
    if (!pane.element.clientWidth) return;
    // Who is there already is left alone, or they would follow one another for ever.
    const now = pane.viewer.viewport.getBounds(true);
    const apart = Math.abs(now.x - bounds.x) + Math.abs(now.y - bounds.y) + Math.abs(now.width - bounds.width);
    if (apart > 1e-4 * bounds.width) pane.viewer.viewport.fitBounds(bounds, true);
  };
  let leading = false;
  for (const pane of panes)
    pane.onView(() => {
      if (leading || !pane.element.clientWidth) return;
      leading = true;
      const bounds = pane.viewer.viewport.getBounds(true);
      for (const other of panes) if (other !== pane) follow(other, bounds);
      leading = false;
    });
  const [lead, ...others] = panes;
  for (const other of others)
    other.viewer.addHandler('resize', () => requestAnimationFrame(() => follow(other, lead!.viewer.viewport.getBounds(true))));
}
