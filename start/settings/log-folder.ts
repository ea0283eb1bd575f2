// Can the log be written to its folder? The site serves without a log as well: the mistake would show only later.
import { accessSync, constants, mkdirSync } from 'node:fs'
import { EnvironmentError } from './environment.ts'

/** Makes the folder where it is missing. */
export function openFolder (folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK)
  } catch (error) {
    throw new EnvironmentError(`LOG_DIR: the log cannot be written to ${folder} (${(error as NodeJS.ErrnoException).code}): choose another folder (LOG_DIR=…).`)
  }
}
