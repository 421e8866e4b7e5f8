//! The GitHub client: authentication, budgets, cache, classification. Knows no types of the model.
