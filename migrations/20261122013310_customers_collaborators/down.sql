DROP TABLE customer_collaborators;
