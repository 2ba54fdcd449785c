"""The walk that proves a platform works: a guest's visit, a member of staff's shift, and what must be refused."""
