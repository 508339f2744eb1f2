/** Waits until something holds; rejects with its code when it does not within some seconds. */
export const until = async (holds: () => boolean, patience = 20_000): Promise<void> => {
  const deadline = performance.now() + patience
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`Waited in vain: ${String(holds)}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
