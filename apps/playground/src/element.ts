/** What `element` sets: attributes by their names, `text` as its text, `on…` as listeners. */
export interface ElementOptions {
  readonly text?: string
  readonly onclick?: (event: MouseEvent) => void
  readonly [attribute: string]: string | number | boolean | undefined | ((event: MouseEvent) => void)
}

/** Makes an HTML element. `undefined` and `false` leave an attribute out. */
export const element = <Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  options: ElementOptions = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] => fill(document.createElement(tag), options, children)

/** Makes an SVG element. */
export const svgElement = <Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  options: ElementOptions = {},
  ...children: readonly (Node | string)[]
): SVGElementTagNameMap[Tag] => fill(document.createElementNS('http://www.w3.org/2000/svg', tag), options, children)

/** The element of the page with that id. */
export const byId = (id: string): HTMLElement => {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`The page has no element #${id}.`)
  return found
}

/** Sets a text only when it is another one, so that a selection in it and a screen reader are left alone. */
export const setText = (node: Element, text: string): void => {
  if (node.textContent !== text) node.textContent = text
}

const fill = <Made extends Element>(
  made: Made,
  { text, onclick, ...attributes }: ElementOptions,
  children: readonly (Node | string)[],
): Made => {
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined && value !== false) made.setAttribute(name, String(value))
  if (text !== undefined) made.textContent = text
  if (onclick !== undefined) made.addEventListener('click', onclick as EventListener)
  made.append(...children)
  return made
}
