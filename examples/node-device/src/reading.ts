/** What the device measures, as it travels: one line of JSON for each reading. */
export interface Reading {
  /** Counts the readings of one run of the device, from 1. */
  readonly count: number
  /** °C. */
  readonly temperature: number
  /** Percent. */
  readonly humidity: number
}

/** Where device and dashboards meet. */
export const room = 'greenhouse'
export const deviceId = 'device'
