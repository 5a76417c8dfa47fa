// Elements in one expression.

type Child = Node | string | null | undefined | false;
type Properties = Record<string, unknown> & { on?: Record<string, (event: any) => void> };

/** `tag` may carry classes: "button.primary". Properties that elements have are set, others become attributes. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K | `${K}.${string}`, properties: Properties = {}, ...children: Child[]
): HTMLElementTagNameMap[K] {
  const [name, ...classes] = tag.split('.');
  const element = document.createElement(name!) as HTMLElementTagNameMap[K];
  if (classes.length) element.className = classes.join(' ');
  const { on = {}, ...rest } = properties;
  for (const [key, value] of Object.entries(rest)) {
    if (value === undefined || value === null) continue;
    if (key in element && !key.startsWith('aria-')) (element as any)[key] = value;
    else element.setAttribute(key, String(value));
  }
  for (const [event, listener] of Object.entries(on)) element.addEventListener(event, listener);
  element.append(...children.filter((c): c is Node | string => !!c));
  return element;
}

let ids = 0;
/** A label and its control. */
export function field(label: string, control: HTMLElement, ...more: Child[]): HTMLElement {
  control.id ||= `control-${++ids}`;
  return h('div.field', {}, h('label', { htmlFor: control.id }, label), h('div.control', {}, control, ...more));
}

export function debounced(milliseconds: number, action: () => void): () => void {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = window.setTimeout(action, milliseconds);
  };
}

/** Shows things as rows of a list, in their order; the row of a thing stays the same one. */
export function rowsOf<T extends { id: string }>(
  list: HTMLElement, make: (one: T) => { element: HTMLElement; show(one: T): void }
): (things: T[]) => void {
  const rows = new Map<string, ReturnType<typeof make>>();
  return (things) => {
    const kept = new Set(things.map((one) => one.id));
    for (const [id, row] of rows) if (!kept.has(id)) { row.element.remove(); rows.delete(id); }
    things.forEach((one, i) => {
      let row = rows.get(one.id);
      if (!row) rows.set(one.id, row = make(one));
      row.show(one);
      if (list.children[i] !== row.element) list.insertBefore(row.element, list.children[i] ?? null);
    });
  };
}
