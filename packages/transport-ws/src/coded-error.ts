/** An error that says what it is by a code, as core's do: its class would have to be imported. */
export const codedError = (code: string, message: string): Error => Object.assign(new Error(message), { code })
