import { readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'
import { negotiationMachine, sessionMachine } from './machines.ts'

// ARCHITECTURE.md shows both charts. `npm run diagrams` writes them; this test fails when they are not the machines.
const page = new URL('../../../ARCHITECTURE.md', import.meta.url)
const machines: Record<string, AnyStateMachine> = { negotiation: negotiationMachine, session: sessionMachine }

it.each(Object.entries(machines))('draws the %s machine in ARCHITECTURE.md as it is', (name, machine) => {
  const text = readFileSync(page, 'utf8')
  const block = new RegExp(`(<!-- ${name} -->\n\`\`\`mermaid\n)[^]*?(\`\`\`)`)
  const drawn = text.replace(block, `$1${toMermaid(machine)}$2`)
  expect(text, `ARCHITECTURE.md has no block marked "${name}"`).toMatch(block)
  if (process.env['UPDATE_DIAGRAMS'] === '1') writeFileSync(page, drawn)
  else expect(text, 'run `npm run diagrams`').toBe(drawn)
})

const toMermaid = ({ root }: AnyStateMachine): string =>
  ['stateDiagram-v2', 'direction LR', ...linesOf(root, root), ...arrowsOf(root, root)].join('\n') + '\n'

const linesOf = (node: AnyStateNode, root: AnyStateNode): string[] => [
  ...node.initial.target.map((target) => `[*] --> ${nameOf(target, root)}`),
  ...Object.values(node.states).flatMap((child) => {
    const name = nameOf(child, root)
    if (child.type === 'final') return [`${name} --> [*]`]
    const isPlain = Object.keys(child.states).length === 0
    const inner = isPlain ? [] : [`state ${name} {`, ...linesOf(child, root).map((line) => `  ${line}`), '}']
    if (name !== child.key) return [`${name} : ${child.key}`, ...inner]
    return isPlain && node !== root ? [name] : inner
  }),
]

/** One arrow from each state to each of its targets, labelled with everything that leads there. */
const arrowsOf = (node: AnyStateNode, root: AnyStateNode): string[] => {
  const labels = new Map<string, Set<string>>()
  const transitions = [...node.transitions.values(), node.always ?? []].flat() as AnyTransitionDefinition[]
  for (const transition of transitions)
    for (const target of transition.target ?? []) {
      const arrow = `${node === root ? 'any' : nameOf(node, root)} --> ${nameOf(target, root)}`
      labels.set(arrow, (labels.get(arrow) ?? new Set()).add(labelOf(transition)))
    }
  const own = [...labels].map(([arrow, events]) => `${arrow} : ${[...events].filter(Boolean).join(', ') || 'always'}`)
  return [...own, ...Object.values(node.states).flatMap((child) => arrowsOf(child, root))]
}

const labelOf = ({ eventType, guard }: AnyTransitionDefinition): string => {
  const name = eventType
    .replace(/^xstate\.done\..*/, 'done')
    .replace(/^xstate\.error\..*/, 'error')
    .replace(/^xstate\.after\.(\w+)\..*/, 'after $1')
  return typeof guard === 'string' ? `${name}${name === '' ? '' : ' '}[${guard}]` : name
}

/** Two states can have one key, such as `ending`: below another state the path tells them apart. */
const nameOf = (node: AnyStateNode, root: AnyStateNode): string => {
  const isUnique = [...allIn(root)].filter(({ key }) => key === node.key).length === 1
  return isUnique ? node.key : node.path.join('_')
}

function* allIn(node: AnyStateNode): Generator<AnyStateNode> {
  yield node
  for (const child of Object.values(node.states)) yield* allIn(child)
}
