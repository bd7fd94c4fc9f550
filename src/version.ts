/** The version of Fairlead, as package.json has it (a test keeps them equal); probes and the API say it. */
export const VERSION = "0.1.0";
